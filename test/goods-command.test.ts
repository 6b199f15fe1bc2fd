import { expect, test } from 'vitest';
import { dostyk } from './demo.ts';

/** `dostyk goods`, which asks no node. */

test('goods are found by words and by digits, as text and as JSON', async () => {
  const words = await dostyk(['goods', 'черешня', '--language', 'ru', '--limit', '1']);
  expect(words).toMatchObject({ code: 0, stdout: '080929  sweet cherries, fresh · черешня свежая (черешня)\n' });
  const digits = await dostyk(['goods', '0809', '--json']);
  expect(JSON.parse(digits.stdout).items.map(({ code }: { code: string }) => code)).toEqual([
    '080910',
    '080929',
    '080930',
    '080940',
  ]);
  expect(await dostyk(['goods', 'xyzzyqwk', '--json'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/"items":\s*\[\]/),
  });
});

test.each([
  [['goods']],
  [['goods', 'apple', '--language', 'de']],
  [['goods', 'apple', '--limit', '0']],
  [['goods', 'apple', '--limit', 'many']],
  [['goods', 'a'.repeat(201)]],
])('%j is wrong usage', async (args) => {
  expect(await dostyk(args)).toMatchObject({ code: 2, stdout: '' });
});
