import { describe, expect, it } from 'vitest';

import { Resource } from './resource.svelte';

/** Answers that come when the test says so. */
function questions<Value>() {
  const open: { answer: (value: Value) => void; refuse: (error: unknown) => void }[] = [];
  const load = () => new Promise<Value>((answer, refuse) => open.push({ answer, refuse }));
  return { open, load };
}
const settled = () => new Promise((done) => setTimeout(done));

describe('a resource', () => {
  it('drops an answer that a later question has overtaken', async () => {
    const { open, load } = questions<string>();
    const resource = new Resource(load);
    void resource.ask();
    void resource.ask();
    open[1]?.answer('new');
    await settled();
    open[0]?.answer('old');
    await settled();
    expect(resource.value).toBe('new');
  });

  it('keeps what is shown when asking again is refused, and says why', async () => {
    const { open, load } = questions<string>();
    const resource = new Resource(load);
    void resource.ask();
    open[0]?.answer('kept');
    await settled();
    void resource.ask();
    open[1]?.refuse({ code: 'busy', message: 'A run is on.', hint: null });
    await settled();
    expect(resource.value).toBe('kept');
    expect(resource.error).toMatchObject({ code: 'busy', message: 'A run is on.' });
    expect(resource.loading).toBe(false);
  });

  it('asks once more after many changes during one question', async () => {
    const { open, load } = questions<number>();
    const resource = new Resource(load);
    void resource.ask();
    for (let change = 0; change < 50; change += 1) resource.again();
    expect(open).toHaveLength(1);
    open[0]?.answer(1);
    await settled();
    expect(open).toHaveLength(2);
    open[1]?.answer(2);
    await settled();
    expect(open).toHaveLength(2);
    expect(resource.value).toBe(2);
  });
});
