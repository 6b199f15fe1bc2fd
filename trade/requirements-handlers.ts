import { implement } from '@orpc/server';
import type { RequestContext } from '../members/context.ts';
import { Refusal } from '../values/refusal.ts';
import { tradeContract } from './contract.ts';
import type { Named } from './goods/goods.ts';
import { type GoodsIndex, placeOf, searchGoods } from './goods/search.ts';
import { type RequirementsView, requirementsView } from './measures/answer-view.ts';
import { ask } from './measures/engine.ts';
import { readQuestion, type Words } from './measures/query.ts';
import type { Question } from './measures/question.ts';
import { Unreadable } from './measures/rate.ts';
import { findWay, type WayPost } from './measures/way.ts';
import type { NodePacks } from './pack-store.ts';
import type { RequirementsQuery } from './requirements-contract.ts';

/** What goods need and what they cost, for anyone who asks this node. */

/** What a use case of trade is given beside what every use case is. */
export interface TradeContext extends RequestContext {
  readonly packs: NodePacks;
  /** Goods in words. */
  readonly goods: () => GoodsIndex;
}

const os = implement(tradeContract).$context<TradeContext>();

const today = ({ clock }: TradeContext): string => clock().toISOString().slice(0, 10);

const postsOf = ({ registry }: TradeContext): WayPost[] =>
  registry.members.flatMap(({ code, posts }) =>
    posts.map(({ id, crossing, mode }) => ({ id, crossing, mode, member: code })),
  );

async function answer(context: TradeContext, question: Question): Promise<RequirementsView> {
  const members = new Set<string>(context.registry.members.map(({ code }) => code));
  const schedules = await context.packs.inForce(question.on);
  return requirementsView(ask(question, schedules, members), question);
}

/** Names of an address that may hold several words, separated by commas. */
const LISTS = ['rates', 'papers', 'claims', 'registered', 'treated', 'trader'] as const;

function wordsOf(input: RequirementsQuery): Words {
  const lists = LISTS.map((name) => [name, (input[name] ?? '').split(',').filter((part) => part !== '')]);
  return { ...input, ...Object.fromEntries(lists) };
}

const requirements = os.requirements.handler(({ input, context }) =>
  answer(context, readQuestion(wordsOf(input), postsOf(context), today(context))),
);

const askRequirements = os.askRequirements.handler(({ input, context }) => {
  const { via, on, ...question } = input;
  const findings = [];
  let way: WayPost[] = [];
  try {
    way = findWay(via, postsOf(context), input.from, input.to, input.mode);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    findings.push({ path: '/via', code: 'unreadable', message: error.message, params: {} });
  }
  const numbers = input.items.map(({ number }) => number);
  for (const [i, number] of numbers.entries())
    if (numbers.indexOf(number) !== i)
      findings.push({
        path: `/items/${i}/number`,
        code: 'duplicate',
        message: `Item ${number} stands twice.`,
        params: { number: String(number) },
      });
  if (findings.length > 0) throw new Refusal(400, 'question-unreadable', "The question can't be read.", { findings });
  const posts = way.map(({ id, member }) => ({ post: id, member }));
  return answer(context, { ...question, posts, on: on ?? today(context) });
});

const packs = os.packs.handler(async ({ input, context }) => {
  const schedules = await context.packs.inForce(input.on ?? today(context));
  const found = [...schedules.values()].filter(
    ({ pack }) => input.member === undefined || pack.member === input.member,
  );
  return {
    packs: found
      .sort((a, b) => (a.pack.member < b.pack.member ? -1 : 1))
      .map(({ pack, state }) => ({
        ...{ member: pack.member, version: pack.version, published: pack.published, state },
        measures: pack.measures.length,
        unknown: pack.measures.filter(({ rate }) => rate?.op === 'unknown').length,
        sources: [...pack.sources.values()].map(({ title, publisher, edition, address }) => ({
          ...{ title, publisher, edition: edition ?? null, address },
        })),
      })),
  };
});

const named = ({ code, en, ru }: Named): Named => ({ code, en, ru });

const placed = (one: Named, index: GoodsIndex) => {
  const { heading, chapter } = placeOf(index.goods, one.code);
  return {
    ...named(one),
    heading: heading === undefined ? null : named(heading),
    chapter: chapter === undefined ? null : named(chapter),
  };
};

const goods = os.goods.handler(({ input, context }) => {
  const index = context.goods();
  const hits = searchGoods(index, input.q, input.language ?? 'en', input.limit);
  return { items: hits.map(({ subheading, word }) => ({ ...placed(subheading, index), word: word ?? null })) };
});

const getGoods = os.getGoods.handler(({ input, context }) => {
  const index = context.goods();
  const { chapters, headings, subheadings } = index.goods;
  const code = input.code.slice(0, 6);
  const found = { 2: chapters, 4: headings, 6: subheadings }[code.length]?.get(code);
  if (found === undefined)
    throw new Refusal(404, 'goods-unnamed', `Goods of ${code} have no words here.`, {
      remedy: 'What they need can be asked for by their code all the same.',
    });
  return placed(found, index);
});

export const requirementsHandlers = { getGoods, goods, requirements, askRequirements, packs };
