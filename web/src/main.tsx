// Starts the console: paint first, then the feed.
import { render } from 'preact';
import { App } from './app.tsx';
import { startFeed } from './feed/feed.ts';
import './style.css';

const root = document.getElementById('app');
if (root) render(<App />, root);
startFeed();
