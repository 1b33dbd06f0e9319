/** The few words of `ws` that the tests use; it brings no types of its own. */
declare module "ws" {
  export default class WebSocket {
    constructor(url: string, protocols: string[], options: { origin?: string });
    onopen: ((event: any) => void) | null;
    onmessage: ((event: any) => void) | null;
    onclose: ((event: any) => void) | null;
    onerror: ((event: any) => void) | null;
    send(data: string): void;
    close(code?: number, reason?: string): void;
    terminate(): void;
  }
}
