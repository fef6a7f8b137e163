// What a check says: the rule once, in the words of what came of it where those name it already.

import type { Check } from '../api';

/** Characters by which a rule's text is recognised in an explanation, which shortens long ones. */
const KNOWN_CHARS = 40;
/** How the core joins several texts of a rule. */
const JOIN = ' · ';

const squeezed = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** A check as a sentence; its code stands between backticks. */
export function checkWords({ rule, pattern, why }: Check): string {
  const known = pattern.split(JOIN).map((part) => squeezed(part).slice(0, KNOWN_CHARS)).filter((part) => part !== '');
  if (why !== '' && known.some((part) => squeezed(why).includes(part))) return why;
  const own = pattern === '' ? rule : `${rule} \`${pattern.replaceAll('`', '')}\``;
  return why === '' || own === '' ? own + why : `${own}: ${why}`;
}
