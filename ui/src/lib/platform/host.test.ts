import { afterEach, describe, expect, it, vi } from 'vitest';

import { browserHost } from './browser';
import { CallError } from './host';

afterEach(() => vi.unstubAllGlobals());

describe('the browser as host', () => {
  it('posts the arguments and hands back the result', async () => {
    const fetched = vi.fn().mockResolvedValue(new Response('{"version":"0.1.0"}'));
    vi.stubGlobal('fetch', fetched);
    await expect(browserHost().call('about', { a: 1 })).resolves.toEqual({ version: '0.1.0' });
    expect(fetched).toHaveBeenCalledWith('/call/about', expect.objectContaining({ method: 'POST', body: '{"a":1}' }));
  });

  it('throws the code, message and hint of a refusal', async () => {
    const body = JSON.stringify({ code: 'busy', message: 'A run is on.', hint: 'Wait for it.' });
    vi.stubGlobal('fetch', vi.fn().mockResolvedValue(new Response(body, { status: 409 })));
    const refused = await browserHost().call('run_start', {}).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(CallError);
    expect(refused).toMatchObject({ code: 'busy', message: 'A run is on.', hint: 'Wait for it.' });
  });

  it('says so when nobody answers', async () => {
    vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new TypeError('refused')));
    await expect(browserHost().call('about', {})).rejects.toMatchObject({ code: 'unreachable', message: 'refused' });
  });
});
