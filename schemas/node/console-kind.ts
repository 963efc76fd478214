// The kind of the console's message, by itself: the page needs it without the schemas.

/** Kind of the envelope item on pub.v1.console that carries a ConsoleView. */
export const CONSOLE_VIEW_KIND = 'node.console-view.v1';
