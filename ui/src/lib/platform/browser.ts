// A browser as host: the same commands over HTTP from whoever served this page. Used by tests; the app never
// opens a port.

import { CallError, type Host } from './host';

export function browserHost(): Host {
  return {
    async call(name, args) {
      let response: Response;
      try {
        response = await fetch(`/call/${encodeURIComponent(name)}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(args),
        });
      } catch (thrown) {
        throw CallError.from(thrown);
      }
      const body: unknown = await response.json().catch(() => null);
      if (!response.ok) throw CallError.from(body ?? new Error(`${name}: status ${response.status}`));
      return body;
    },
    listen(heard, deaf) {
      const source = new EventSource('/events');
      source.onmessage = (message: MessageEvent<string>) => heard(JSON.parse(message.data));
      // One that is open again after a while is not closed.
      source.onerror = () => source.readyState === EventSource.CLOSED && deaf(new Error('the stream of events is closed'));
      return () => source.close();
    },
  };
}
