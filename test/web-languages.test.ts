import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Demo, dostyk, eventually, root, startDemo } from './demo.ts';
import { randomFilings } from './random-goods.ts';
import { newVisitor, signIn } from './web.ts';
import { expectIn, wordsOf } from './words.ts';

/** The app in other languages than English: two all the way from empty nodes, then each language on every kind of page. */

const SEED = Number(process.env['SEED'] ?? 20_261_124);

let demo: Demo;
let browser: Browser;
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

describe.each(['ru', 'zh'])('all the way in %s', (language) => {
  const say = wordsOf(language);
  const [goods] = randomFilings(1, SEED + language.charCodeAt(0)) as [ReturnType<typeof randomFilings>[number]];
  const [item] = goods.items as [(typeof goods.items)[number]];
  let dossier = '';
  let driverPath = '';

  const press = (page: Page, key: string) => page.getByRole('button', { name: say(key), exact: true }).click();
  const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor();
  const acting = async (as: string, path: string, act: (page: Page) => Promise<void>): Promise<void> => {
    const visitor = await newVisitor(browser);
    await act(await signIn(visitor, demo, as, path, language));
    await visitor.close();
  };

  test('an exporter files a dossier', () =>
    acting('UZ/exporter', '/dossiers', async (page) => {
      await expectIn(language, page, 'dossiers');
      await page
        .getByRole('link', { name: say('operator.new') })
        .first()
        .click();
      await heading(page, say('filing.stepParties'));
      await page.getByLabel(say('filing.partyName')).nth(0).fill(goods.consignor);
      await page.getByLabel(say('filing.partyName')).nth(1).fill(goods.consignee);
      await page.getByLabel(say('filing.country'), { exact: true }).nth(1).selectOption('KZ');
      await expectIn(language, page, 'filing-parties');
      await press(page, 'part.continue');
      await heading(page, say('filing.stepRoute'));
      await page.getByLabel(say('filing.originPlace')).fill('Tashkent');
      await page.getByLabel(say('filing.destinationPlace')).fill('Shymkent');
      await page.getByLabel(say('filing.destinationCountry')).selectOption('KZ');
      await page.getByLabel(say('filing.crossing')).selectOption('yallama');
      await press(page, 'filing.addCrossing');
      await expectIn(language, page, 'filing-way');
      await press(page, 'part.continue');
      await heading(page, say('filing.stepGoods'));
      await page.getByLabel(say('filing.description')).fill(item.description);
      await page.getByLabel(say('filing.hs')).fill(item.hs);
      await page.getByLabel(say('filing.netMass')).fill(item.net);
      await page.getByLabel(say('filing.grossMass')).fill(item.gross);
      await page.getByLabel(say('filing.packageCount'), { exact: true }).fill(item.packages);
      await expectIn(language, page, 'filing-goods');
      await press(page, 'part.continue');
      await heading(page, say('filing.stepValues'));
      await page.getByLabel(say('filing.incotermPlace')).fill('Shymkent');
      await page.locator('#f-sections-commercial-values-0-value-amount').fill(item.value);
      await expectIn(language, page, 'filing-values');
      await press(page, 'part.continue');
      await heading(page, say('filing.stepTransport'));
      await press(page, 'filing.toCheck');
      // The carrier is missing: the node says so, in this language, and leads there.
      await page.getByText(say('filing.correct', { step: say('filing.stepTransport') })).waitFor();
      await expectIn(language, page, 'filing-errors');
      await page.getByRole('button', { name: say('filing.correct', { step: say('filing.stepTransport') }) }).click();
      await page.getByLabel(say('filing.partyName')).first().fill(goods.carrier);
      await press(page, 'filing.addEquipment');
      await page.getByLabel(say('filing.identification'), { exact: true }).fill(goods.trailer);
      await page.getByLabel(say('filing.seals')).fill(goods.seal);
      await expectIn(language, page, 'filing-transport');
      for (const step of ['filing.stepSanitary', 'filing.stepDriver', 'filing.stepDocuments', 'filing.checkTitle']) {
        await press(page, 'part.continue');
        await heading(page, say(step));
        await expectIn(language, page, step);
      }
      await page.getByText(say('filing.inOrder')).waitFor();
      await press(page, 'filing.file1');
      await page.getByText(say('operator.filedTitle', { version: 1 })).waitFor();
      dossier = /\/dossiers\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? '';
      await expectIn(language, page, 'dossier');
      expect(await page.locator('main').textContent()).toContain(item.description);
    }));

  test('declares its truck and makes a link for the driver', () =>
    acting('UZ/exporter', `/movements/new?dossier=${dossier}`, async (page) => {
      await page.getByLabel(say('operator.plate')).fill(goods.plate);
      await expectIn(language, page, 'movement-form');
      await press(page, 'operator.declare1');
      await heading(page, goods.plate);
      await press(page, 'operator.makeDriverLink');
      await page.getByText(say('operator.driverLinkMade')).waitFor();
      const address = await page.locator('code', { hasText: '/driver#' }).innerText();
      driverPath = address.slice(address.indexOf('/driver#'));
      await expectIn(language, page, 'movement');
    }));

  test('the driver reports a problem in two taps', async () => {
    const phone = await newVisitor(browser, { width: 360 });
    const page = await phone.newPage();
    await page.goto(`${demo.address('UZ')}/${language}${driverPath}`);
    await heading(page, goods.plate);
    await expectIn(language, page, 'driver-360');
    await press(page, 'driver.reportProblem');
    await expectIn(language, page, 'driver-problem-360');
    await press(page, 'driver.problem.queue');
    await page.getByText(say('driver.reported')).waitFor();
    await expectIn(language, page, 'driver-reported-360');
    await phone.close();
  });

  test('an officer asks, the exporter answers, the officer releases', async () => {
    await acting('UZ/customs', '/desk', async (page) => {
      await page.getByLabel(say('officer.post')).selectOption('uz-yallama');
      await page.getByRole('link', { name: goods.plate }).waitFor();
      await expectIn(language, page, 'desk');
      await page.getByRole('link', { name: goods.plate }).click();
      await heading(page, say('officer.movementTitle', { means: goods.plate }));
      await expectIn(language, page, 'desk-movement');
      await press(page, 'decision.query');
      await page.getByRole('dialog').getByLabel(say('operator.question')).fill('Who sealed it?');
      await expectIn(language, page, 'decide-query');
      await page
        .getByRole('dialog')
        .getByRole('button', { name: say('decision.query') })
        .click();
      await page.getByText(say('officer.decided')).waitFor();
    });
    await acting('UZ/exporter', `/dossiers/${dossier}`, async (page) => {
      await page.getByText('Who sealed it?').waitFor();
      await press(page, 'operator.toAnswer');
      await page.getByRole('dialog').getByLabel(say('operator.answer')).fill('The warehouse.');
      await page
        .getByRole('dialog')
        .getByRole('button', { name: say('operator.send') })
        .click();
      await page.getByText(say('operator.answered')).waitFor();
      await expectIn(language, page, 'dossier-answered');
    });
    await acting('UZ/customs', `/dossiers/${dossier}`, async (page) => {
      await page.getByText('The warehouse.').waitFor();
      await press(page, 'decision.release');
      await page
        .getByRole('dialog')
        .getByRole('button', { name: say('decision.release') })
        .click();
      await page.getByText(say('officer.decided')).waitFor();
      await expectIn(language, page, 'dossier-officer');
      await page.goto(`${demo.address('UZ')}/${language}/trail`);
      await page
        .getByRole('cell', { name: say('decision.release') })
        .first()
        .waitFor();
      await expectIn(language, page, 'trail');
    });
  });

  test('a chamber certifies the origin, and anyone checks it at another member', async () => {
    await acting('UZ/chamber', `/dossiers/${dossier}`, async (page) => {
      await page.getByRole('button', { name: say('officer.issue', { kind: say('certificate.origin') }) }).click();
      await page.getByLabel(say('filing.documentNumber')).fill(`CO-${language}-1`);
      await page.getByLabel(say('officer.statement')).fill('Produced here.');
      await expectIn(language, page, 'certificate-form');
      await press(page, 'officer.issueSubmit');
      await page.getByText(say('officer.issued')).waitFor();
    });
    const owner = demo.client('UZ/exporter');
    const { items } = (await owner.call('GET', '/api/certificates')) as {
      items: { certificate: string; number: string }[];
    };
    const certificate = items.find(({ number }) => number === `CO-${language}-1`)?.certificate;
    const evidence = await eventually(() => owner.call('GET', `/api/certificates/${certificate}/evidence`));
    const visitor = await newVisitor(browser, { width: 768 });
    const page = await visitor.newPage();
    await page.goto(`${demo.address('KZ')}/${language}/verify`);
    await page.getByLabel(say('verify.paste')).fill(JSON.stringify(evidence));
    await press(page, 'verify.check');
    await page.locator('#answer').getByText(say('verify.answer.valid'), { exact: true }).waitFor();
    await expectIn(language, page, 'verify-768');
    await visitor.close();
  });
});

describe('a smoke pass', () => {
  let dossier = '';
  let movement = '';
  beforeAll(async () => {
    const played = await dostyk(['--directory', demo.directory, 'play', join(root, 'examples/journeys/cherries.json')]);
    expect(played.code, played.stdout).toBe(0);
    const { items } = (await demo.client('KZ/customs').call('GET', '/api/movements')) as {
      items: { movement: string; consignments: { dossier: string }[] }[];
    };
    movement = items[0]?.movement ?? '';
    dossier = items[0]?.consignments[0]?.dossier ?? '';
  });

  /** Opens pages one after another as one person. */
  const visit = async (
    context: BrowserContext,
    member: string,
    language: string,
    pages: readonly (readonly [path: string, name: string])[],
  ): Promise<void> => {
    const page = await context.newPage();
    for (const [path, name] of pages) {
      await page.goto(`${demo.address(member)}/${language}${path}`);
      await page.locator('main h1, .sheet').first().waitFor();
      await expect.poll(() => page.locator('main [aria-busy="true"]').count()).toBe(0);
      await expectIn(language, page, `${name}-360`);
    }
    await context.close();
  };

  test.each(['zh', 'kk', 'ky', 'tg', 'tk', 'uz', 'ru'])(
    'of %s on a phone: each kind of page is sound and in this language',
    async (language) => {
      await visit(await newVisitor(browser, { width: 360 }), 'KZ', language, [
        ['/', 'start'],
        ['/trust', 'trust'],
        ['/verify', 'verify'],
        ['/driver', 'driver-none'],
        ['/nowhere', 'nowhere'],
        ['/parts', 'parts'],
        ['/requirements', 'need'],
        ['/requirements/changes?since=2027-01-01&until=2027-01-01', 'changes'],
      ]);
      const rules = await newVisitor(browser, { width: 360 });
      await (await signIn(rules, demo, 'KZ/ministry', '/corrections', language)).close();
      await visit(rules, 'KZ', language, [['/corrections', 'corrections']]);
      const officer = await newVisitor(browser, { width: 360 });
      await (await signIn(officer, demo, 'KZ/customs', '/desk', language)).close();
      await visit(officer, 'KZ', language, [
        ['/desk', 'desk'],
        [`/dossiers/${dossier}`, 'dossier'],
        [`/movements/${movement}`, 'movement'],
        ['/requirements/declared', 'requirements'],
        ['/trail', 'trail'],
      ]);
      const operator = await newVisitor(browser, { width: 360 });
      await (await signIn(operator, demo, 'UZ/exporter', '/dossiers', language)).close();
      await visit(operator, 'UZ', language, [
        ['/dossiers', 'dossiers'],
        ['/import', 'import'],
        ['/delegations', 'delegations'],
        ['/webhooks', 'webhooks'],
        [`/print/${dossier}/packing-list`, 'print'],
      ]);
    },
  );
});
