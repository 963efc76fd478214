// A WebSocket that always says when it is closed. On a silently dead path the browser's `onclose` does not come, for minutes:
// the NATS client would call its connection stale, close it, and wait for that event for ever.

const CLOSE_MS = 500;

export function openSocket(url: string): WebSocket {
  const socket = new WebSocket(url);
  const close = socket.close.bind(socket);
  socket.close = (code?: number, reason?: string): void => {
    close(code, reason);
    // The client takes its handler away once it has heard: then this finds nobody.
    setTimeout(() => socket.onclose?.(new CloseEvent('close', { wasClean: true })), CLOSE_MS);
  };
  return socket;
}
