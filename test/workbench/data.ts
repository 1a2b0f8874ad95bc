/** A dataset that says what the panel's reader would want to see learned: short questions and answers of one kind. */
const THINGS = [
  'adapter',
  'base model',
  'rank',
  'checkpoint',
  'dataset',
  'epoch',
  'gradient',
  'held-out row',
  'learning rate',
  'merge',
];
const ASKED = ['What is', 'Explain', 'Say in a sentence what this means:', 'Define'];
const SAID = [
  'trains two short vectors',
  'keeps the weights as they are',
  'comes back from a seed',
  'is measured on rows it has not seen',
  'is written whole or not at all',
];

export function questions(count: number): string {
  const row = (i: number): string => {
    const thing = THINGS[i % THINGS.length]!;
    return JSON.stringify({
      prompt: `${ASKED[i % ASKED.length]!} ${thing} ${1 + (i % 7)}?`,
      completion: `A ${thing} ${SAID[i % SAID.length]!}, and its number is ${1 + (i % 7)}.`,
    });
  };
  return Array.from({ length: count }, (_, i) => row(i)).join('\n') + '\n';
}
