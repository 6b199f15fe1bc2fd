import { isCountryCode } from '../../values/country.ts';
import { DECIMAL } from '../../values/money.ts';
import { isPlainDate } from '../../values/plain-date.ts';
import { type Finding, Refusal } from '../../values/refusal.ts';
import { isCurrencyCode, isHsChapter } from '../codes.ts';
import { INCOTERMS } from '../lists.ts';
import { REGIMES, REGISTERED, TRADERS, TREATED } from './condition.ts';
import type { Question } from './question.ts';
import { Unreadable } from './rate.ts';
import { findWay, type WayPost } from './way.ts';

/** A question as words of a command or an address write it. */
export type Words = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/**
 * Reads a question about one kind of goods.
 *
 * @param today 'YYYY-MM-DD', for a question that names no day
 * @throws Refusal 400 `question-unreadable` with every fault by its name
 * @example readQuestion({ hs: '080929', from: 'UZ', to: 'CN', via: 'yallama,khorgos', mode: 'road' }, posts, '2026-12-01')
 */
export function readQuestion(words: Words, posts: readonly WayPost[], today: string): Question {
  const findings: Finding[] = [];
  const fault = (name: string, message: string): undefined => {
    findings.push({ path: `/${name}`, code: 'unreadable', message, params: {} });
    return undefined;
  };
  const word = (name: string): string | undefined => {
    const value = words[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const list = (name: string): readonly string[] => {
    const value = words[name];
    return typeof value === 'string' ? [value] : Array.isArray(value) ? value : [];
  };
  const one = (name: string, fits: (text: string) => boolean, message: string): string | undefined => {
    const text = word(name);
    return text === undefined || fits(text) ? text : fault(name, message);
  };
  const country = (name: string): string | undefined =>
    one(name, isCountryCode, 'It is a code of ISO 3166-1 alpha-2, e.g. UZ.');
  const number = (name: string): string | undefined =>
    one(name, (text) => DECIMAL.test(text), 'It is a number with a point, not negative.');

  const hs = one(
    'hs',
    (text) => /^(\d{6}|\d{8}|\d{10})$/.test(text) && isHsChapter(text.slice(0, 2)),
    'It has 6, 8 or 10 digits of a chapter that exists.',
  );
  const from = country('from');
  const to = country('to');
  const origin = country('origin') ?? from;
  const mode = one('mode', (text) => text === 'road' || text === 'rail', 'It is road or rail.');
  const currency = one('currency', isCurrencyCode, 'It is a code of ISO 4217.') ?? 'USD';
  const incoterm = INCOTERMS.find((code) => code === word('incoterm'));
  if (word('incoterm') !== undefined && incoterm === undefined)
    fault('incoterm', `It is one of ${INCOTERMS.join(', ')}.`);
  const on = one('date', isPlainDate, 'It is a day as YYYY-MM-DD.') ?? today;
  const mass = number('mass');
  const value = number('value');
  const rates = list('rates').flatMap((text) => {
    const [, of = '', into = '', amount = ''] = /^([A-Z]{3})\/([A-Z]{3})=(\d+(?:\.\d+)?)$/.exec(text) ?? [];
    if (isCurrencyCode(of) && isCurrencyCode(into) && Number(amount) > 0) return [{ of, in: into, amount }];
    fault('rates', `${text} is no rate such as USD/KZT=520.`);
    return [];
  });
  const claims = new Map<string, boolean>();
  for (const text of list('claims')) {
    const [, claim = '', yes = ''] = /^([A-Z]{2}\/[a-z0-9-]+)=(yes|no)$/.exec(text) ?? [];
    if (claim === '') fault('claims', `${text} is no answer such as UZ/proof-of-origin=yes.`);
    else claims.set(claim, yes === 'yes');
  }
  for (const [name, text] of Object.entries({ hs, from, to }))
    if (text === undefined && word(name) === undefined) fault(name, 'It is missing.');
  const among = <T extends string>(name: string, allowed: readonly T[]): T[] =>
    list(name).flatMap((text) => {
      const found = allowed.find((one) => one === text);
      if (found === undefined) fault(name, `${text} is none of ${allowed.join(', ')}.`);
      return found === undefined ? [] : [found];
    });
  const yes = (name: string): boolean | undefined => {
    const [answer] = among(name, ['yes', 'no'] as const);
    return answer === undefined ? undefined : answer === 'yes';
  };
  const costs = {
    toBorder: number('carriage'),
    afterBorder: number('onward'),
    insurance: number('insurance'),
    duties: number('duties'),
  };
  const originated = { wholly: yes('wholly'), changed: yes('changed'), added: number('added') };
  const facts = {
    registered: among('registered', REGISTERED),
    treated: among('treated', TREATED),
    direct: yes('direct'),
    trader: among('trader', TRADERS),
    green: yes('green'),
    regime: among('regime', REGIMES)[0],
    predeclared: yes('predeclared'),
  };
  const vehicles = one('vehicles', (text) => /^[1-9]\d{0,2}$/.test(text), 'It is a number from 1 to 999.');
  let way: WayPost[] = [];
  const via = word('via')?.split(',') ?? [];
  if (from !== undefined && findings.length === 0)
    try {
      way = findWay(via, posts, from, to, mode);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      fault('via', error.message);
    }
  if (findings.length > 0 || hs === undefined || from === undefined || to === undefined || origin === undefined)
    throw new Refusal(400, 'question-unreadable', "The question can't be read.", { findings });
  return {
    items: [{ number: 1, hs, origin, mass, value }],
    ...{ from, to, on, currency, incoterm, rates },
    posts: way.map(({ id, member }) => ({ post: id, member })),
    mode: mode as Question['mode'],
    papers: list('papers'),
    claims: Object.fromEntries(claims),
    ...{ costs, originated, ...facts },
    vehicles: vehicles === undefined ? undefined : Number(vehicles),
  };
}
