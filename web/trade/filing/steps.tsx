import { useState } from 'preact/hooks';
import { t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Button } from '../../parts/button.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Notice } from '../../parts/say.tsx';
import { word } from '../words.ts';
import { bind, CountryField, PartyFields, Repeated, replaceAt, type StepProps, withoutAt } from './fields.tsx';

/** The steps of a filing, one question a page. */

export function PartiesStep({ form, change, findings }: StepProps) {
  return (
    <>
      <PartyFields
        legend={t('filing.consignor')}
        value={form.consignor}
        onChange={(consignor) => change({ consignor })}
        findings={findings}
        path="/sections/goods/consignor"
      />
      <PartyFields
        legend={t('filing.consignee')}
        value={form.consignee}
        onChange={(consignee) => change({ consignee })}
        findings={findings}
        path="/sections/goods/consignee"
      />
    </>
  );
}

export function RouteStep({ form, change, findings }: StepProps) {
  const { list, post } = useMembers();
  const [crossing, setCrossing] = useState('');
  const posts = list.flatMap((member) => member.posts.map((one) => ({ ...one, member: member.code })));
  const crossings = [...new Set(posts.map((one) => one.crossing))].sort();
  const sides = posts.filter((one) => one.crossing === crossing);
  // The side one is on comes first: that of the country in which the route stands now.
  const here = posts.find((one) => one.id === form.posts.at(-1))?.member ?? form.originCountry;
  const ordered = [...sides].sort((a, b) => Number(b.member === here) - Number(a.member === here));
  const move = (i: number, by: number): void => {
    const next = [...form.posts];
    const [taken] = next.splice(i, 1);
    if (taken !== undefined) next.splice(i + by, 0, taken);
    change({ posts: next });
  };
  return (
    <>
      <div class="fields">
        <TextField
          {...bind(findings, '/route/origin/name')}
          label={t('filing.originPlace')}
          value={form.originName}
          maxLength={120}
          onChange={(originName) => change({ originName })}
        />
        <CountryField
          {...bind(findings, '/route/origin/country')}
          label={t('filing.originCountry')}
          value={form.originCountry}
          onChange={(originCountry) => change({ originCountry })}
        />
        <TextField
          {...bind(findings, '/route/destination/name')}
          label={t('filing.destinationPlace')}
          value={form.destinationName}
          maxLength={120}
          onChange={(destinationName) => change({ destinationName })}
        />
        <CountryField
          {...bind(findings, '/route/destination/country')}
          label={t('filing.destinationCountry')}
          value={form.destinationCountry}
          onChange={(destinationCountry) => change({ destinationCountry })}
        />
      </div>
      <h2>{t('filing.posts')}</h2>
      <p class="quiet">{t('filing.postsHint')}</p>
      <ol id="f-route-posts">
        {form.posts.map((id, i) => (
          <li key={id}>
            <span id={`f-route-posts-${i}`} tabIndex={-1}>
              {post(id)}
            </span>{' '}
            {i > 0 && (
              <Button kind="quiet" small onClick={() => move(i, -1)}>
                {t('filing.up')}
                <span class="hidden-visually">: {post(id)}</span>
              </Button>
            )}
            <Button kind="quiet" small onClick={() => change({ posts: withoutAt(form.posts, i) })}>
              {t('filing.remove')}
              <span class="hidden-visually">: {post(id)}</span>
            </Button>
            {findings
              .filter((one) => one.path === `/route/posts/${i}`)
              .map((one) => (
                <p class="wrong" key={one.code}>
                  {bind([one], one.path).problem}
                </p>
              ))}
          </li>
        ))}
      </ol>
      <div class="bars">
        <SelectField
          label={t('filing.crossing')}
          empty={t('filing.choose')}
          value={crossing}
          onChange={setCrossing}
          options={crossings.map((one) => ({
            value: one,
            label: `${posts
              .filter((post) => post.crossing === one)
              .map(({ name }) => name)
              .join(
                ' – ',
              )} (${[...new Set(posts.filter((post) => post.crossing === one).flatMap(({ mode }) => mode))].map((mode) => word('mode', mode)).join(', ')})`,
          }))}
        />
        <Button
          kind="secondary"
          disabled={crossing === ''}
          onClick={() => {
            change({ posts: [...form.posts, ...ordered.map(({ id }) => id).filter((id) => !form.posts.includes(id))] });
            setCrossing('');
          }}
        >
          {t('filing.addCrossing')}
        </Button>
      </div>
    </>
  );
}

export function DriverStep({ form, change, findings }: StepProps) {
  return (
    <>
      <Notice>
        <p>{t('filing.driverHint')}</p>
      </Notice>
      <Repeated
        list={form.drivers}
        empty={t('filing.noDrivers')}
        legend={(i) => t('filing.driver', { number: i + 1 })}
        add={t('filing.addDriver')}
        onAdd={() => change({ drivers: [...form.drivers, { name: '', licence: '', phone: '' }] })}
        onRemove={(i) => change({ drivers: withoutAt(form.drivers, i) })}
      >
        {(one, i) => {
          const path = `/sections/driver/drivers/${i}`;
          const set = (part: Partial<typeof one>): void => change({ drivers: replaceAt(form.drivers, i, part) });
          return (
            <div class="fields">
              <TextField
                {...bind(findings, `${path}/name`)}
                label={t('filing.driverName')}
                value={one.name}
                maxLength={120}
                onChange={(name) => set({ name })}
              />
              <TextField
                {...bind(findings, `${path}/licence`)}
                label={t('filing.licence')}
                optional
                value={one.licence}
                maxLength={40}
                onChange={(licence) => set({ licence })}
              />
              <TextField
                {...bind(findings, `${path}/phone`)}
                label={t('filing.phone')}
                hint={t('filing.phoneHint')}
                type="tel"
                optional
                value={one.phone}
                maxLength={30}
                onChange={(phone) => set({ phone })}
              />
            </div>
          );
        }}
      </Repeated>
    </>
  );
}
