/** The part of a WebSocket that the client uses: the browser's own, or `ws` in Node. */
export interface WebSocketLike {
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export type OpenSocket = (url: string, protocols: string[]) => WebSocketLike;

export const openWebSocket: OpenSocket = (url, protocols) => new WebSocket(url, protocols);
