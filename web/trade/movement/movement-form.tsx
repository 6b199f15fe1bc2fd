import { useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import type { MovementView } from '../../../trade/contract.ts';
import { ApiProblem, api, type Finding, newIdempotencyKey } from '../../api.ts';
import { useDraft } from '../../draft.ts';
import { href, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Button } from '../../parts/button.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Only, Page, WholeAnswer } from '../../parts/page.tsx';
import { ErrorSummary, Loading, toast } from '../../parts/say.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { session } from '../../session.ts';
import { bind, CountryField, PartyFields, Repeated, replaceAt, withoutAt } from '../filing/fields.tsx';
import { EMPTY_PARTY, fieldId, type PartyForm } from '../filing/form.ts';
import { word } from '../words.ts';

/** A movement declared or amended: one truck or train with one or many consignments. */

interface MovementForm {
  readonly key: string;
  readonly carrier: PartyForm;
  readonly mode: 'road' | 'rail';
  readonly identification: string;
  readonly country: string;
  readonly trailers: string;
  readonly fromName: string;
  readonly fromCountry: string;
  readonly toName: string;
  readonly toCountry: string;
  readonly posts: readonly string[];
  readonly equipment: readonly {
    readonly kind: 'container' | 'trailer' | 'wagon';
    readonly identification: string;
    readonly seals: string;
  }[];
  readonly consignments: readonly { readonly dossier: string; readonly packages: string }[];
}

const words = (text: string): string[] =>
  text
    .split(/[,;]+/)
    .map((one) => one.trim())
    .filter((one) => one !== '');

export function MovementFormPage() {
  const { params } = useRoute();
  const { query } = useLocation();
  const movement = params['movement'];
  const before = useQuery(
    () => (movement === undefined ? Promise.resolve(null) : api.trade.getMovement({ movement })),
    [movement],
  );
  const dossier = useQuery(
    () =>
      query['dossier'] === undefined ? Promise.resolve(null) : api.trade.getDossier({ dossier: query['dossier'] }),
    [query['dossier']],
  );
  return (
    <Only who="operator">
      <WholeAnswer query={before}>
        {(view) => (
          <WholeAnswer query={dossier}>
            {(aboard) => {
              const transport = aboard?.sections.find(({ name }) => name === 'transport')?.content as
                | {
                    carrier: { name: string; country: string };
                    legs: {
                      mode: 'road' | 'rail';
                      from: { name: string; country: string };
                      to: { name: string; country: string };
                    }[];
                    equipment: { kind: 'container' | 'trailer' | 'wagon'; identification: string; seals: string[] }[];
                  }
                | undefined;
              const leg = view?.leg ?? transport?.legs[0];
              const initial: MovementForm = {
                key: newIdempotencyKey(),
                carrier: {
                  ...EMPTY_PARTY,
                  country: session.value?.member ?? '',
                  ...(transport === undefined
                    ? {}
                    : { name: transport.carrier.name, country: transport.carrier.country }),
                },
                mode: leg?.mode ?? 'road',
                identification: view?.means.identification ?? '',
                country: view?.means.country ?? session.value?.member ?? '',
                trailers: view?.trailers.join(', ') ?? '',
                fromName: leg?.from.name ?? '',
                fromCountry: leg?.from.country ?? '',
                toName: leg?.to.name ?? '',
                toCountry: leg?.to.country ?? '',
                posts: view?.posts ?? aboard?.route.posts ?? [],
                equipment: (view?.equipment ?? transport?.equipment ?? []).map((one) => ({
                  kind: one.kind,
                  identification: one.identification,
                  seals: one.seals.join(', '),
                })),
                consignments:
                  view === null
                    ? aboard === null
                      ? []
                      : [{ dossier: aboard.dossier, packages: '' }]
                    : view.consignments.map((one) => ({ dossier: one.dossier, packages: String(one.packages ?? '') })),
              };
              return (
                <Declare
                  initial={initial}
                  before={view}
                  draftKey={`movement/${movement ?? query['dossier'] ?? 'new'}/${view?.version ?? 0}`}
                />
              );
            }}
          </WholeAnswer>
        )}
      </WholeAnswer>
    </Only>
  );
}

function Declare({
  initial,
  before,
  draftKey,
}: {
  readonly initial: MovementForm;
  readonly before: MovementView | null;
  readonly draftKey: string;
}) {
  const { route } = useLocation();
  const { list, post } = useMembers();
  const [start] = useState(initial);
  const draft = useDraft<MovementForm>(draftKey, start);
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const dossiers = useQuery(() => api.trade.listDossiers({ limit: 100 }), []);
  if (!draft.ready) return <Loading />;
  const form = draft.value;
  const set = (part: Partial<MovementForm>): void => draft.set({ ...form, ...part });
  const send = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    setFindings([]);
    const code = (text: string) => text as MovementView['means']['country'];
    const body = {
      carrier: {
        name: form.carrier.name.trim(),
        country: code(form.carrier.country),
        ...(form.carrier.address === '' ? {} : { address: form.carrier.address }),
        ...(form.carrier.identifier === '' ? {} : { identifier: form.carrier.identifier }),
      },
      leg: {
        mode: form.mode,
        from: { name: form.fromName.trim(), country: code(form.fromCountry) },
        to: { name: form.toName.trim(), country: code(form.toCountry) },
      },
      posts: [...form.posts],
      means: { mode: form.mode, identification: form.identification.trim(), country: code(form.country) },
      trailers: words(form.trailers),
      equipment: form.equipment.map((one) => ({
        kind: one.kind,
        identification: one.identification.trim(),
        seals: one.seals.split(/[,;\s]+/).filter((seal) => seal !== ''),
      })),
      consignments: form.consignments.map((one) => ({
        dossier: one.dossier,
        ...(one.packages.trim() === '' ? {} : { packages: Number(one.packages) }),
      })),
    };
    try {
      const context = { context: { idempotencyKey: form.key } };
      const answer =
        before === null
          ? await api.trade.declareMovement(body, context)
          : await api.trade.amendMovement({ ...body, movement: before.movement, baseVersion: before.version }, context);
      await draft.clear();
      toast(t('operator.movementDeclared'));
      route(href(`/movements/${answer.movement}`));
    } catch (error) {
      const found = error instanceof ApiProblem ? error.findings : [];
      setFindings(found);
      setProblem(found.length === 0 ? error : undefined);
    } finally {
      setBusy(false);
    }
  };
  const posts = list
    .flatMap((member) => member.posts)
    .filter((one) => one.mode.includes(form.mode) && !form.posts.includes(one.id));
  return (
    <Page
      title={before === null ? t('operator.declareMovement') : t('operator.amendMovement')}
      lead={t('operator.movementLead')}
    >
      {(findings.length > 0 || problem !== undefined) && (
        <ErrorSummary findings={findings} {...(problem === undefined ? {} : { problem })} fieldId={fieldId} />
      )}
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <div class="fields">
          <SelectField
            label={t('filing.mode')}
            value={form.mode}
            onChange={(mode) => set({ mode: mode as 'road' | 'rail' })}
            options={['road', 'rail'].map((value) => ({ value, label: word('mode', value) }))}
          />
          <TextField
            {...bind(findings, '/means/identification')}
            label={t('operator.plate')}
            value={form.identification}
            maxLength={30}
            onChange={(identification) => set({ identification })}
          />
          <CountryField
            {...bind(findings, '/means/country')}
            label={t('operator.plateCountry')}
            value={form.country}
            onChange={(country) => set({ country })}
          />
          <TextField
            {...bind(findings, '/trailers/0')}
            label={t('operator.trailers')}
            hint={t('filing.sealsHint')}
            optional
            value={form.trailers}
            maxLength={150}
            onChange={(trailers) => set({ trailers })}
          />
          <TextField
            {...bind(findings, '/leg/from/name')}
            label={t('filing.legFrom')}
            value={form.fromName}
            maxLength={120}
            onChange={(fromName) => set({ fromName })}
          />
          <CountryField
            {...bind(findings, '/leg/from/country')}
            label={t('filing.legFromCountry')}
            value={form.fromCountry}
            onChange={(fromCountry) => set({ fromCountry })}
          />
          <TextField
            {...bind(findings, '/leg/to/name')}
            label={t('filing.legTo')}
            value={form.toName}
            maxLength={120}
            onChange={(toName) => set({ toName })}
          />
          <CountryField
            {...bind(findings, '/leg/to/country')}
            label={t('filing.legToCountry')}
            value={form.toCountry}
            onChange={(toCountry) => set({ toCountry })}
          />
        </div>
        <h2>{t('filing.posts')}</h2>
        <ol>
          {form.posts.map((id, i) => (
            <li key={id}>
              <span id={fieldId(`/posts/${i}`)} tabIndex={-1}>
                {post(id)}
              </span>{' '}
              <Button kind="quiet" small onClick={() => set({ posts: withoutAt(form.posts, i) })}>
                {t('filing.remove')}
                <span class="hidden-visually">: {post(id)}</span>
              </Button>
            </li>
          ))}
        </ol>
        <SelectField
          label={t('operator.addPost')}
          empty={t('filing.choose')}
          value=""
          onChange={(id) => id !== '' && set({ posts: [...form.posts, id] })}
          options={posts.map((one) => ({ value: one.id, label: post(one.id) }))}
        />
        <PartyFields
          legend={t('filing.carrier')}
          value={form.carrier}
          onChange={(carrier) => set({ carrier })}
          findings={findings}
          path="/carrier"
        />
        <h2>{t('officer.consignments')}</h2>
        <p class="quiet">{t('operator.groupageHint')}</p>
        <Repeated
          list={form.consignments}
          empty={t('operator.nothingAboard')}
          legend={(i) => t('operator.consignment', { number: i + 1 })}
          add={t('operator.addConsignment')}
          onAdd={() => set({ consignments: [...form.consignments, { dossier: '', packages: '' }] })}
          onRemove={(i) => set({ consignments: withoutAt(form.consignments, i) })}
        >
          {(one, i) => (
            <div class="fields">
              <TextField
                {...bind(findings, `/consignments/${i}/dossier`)}
                label={t('operator.reference')}
                list="dossiers-known"
                value={one.dossier}
                maxLength={36}
                onChange={(dossier) =>
                  set({ consignments: replaceAt(form.consignments, i, { dossier: dossier.trim() }) })
                }
              />
              <TextField
                {...bind(findings, `/consignments/${i}/packages`)}
                label={t('operator.packagesOf')}
                hint={t('operator.packagesHint')}
                optional
                short
                inputMode="numeric"
                value={one.packages}
                maxLength={9}
                onChange={(packages) => set({ consignments: replaceAt(form.consignments, i, { packages }) })}
              />
            </div>
          )}
        </Repeated>
        <datalist id="dossiers-known">
          {(dossiers.data?.items ?? []).map((one) => (
            <option key={one.dossier} value={one.dossier}>
              {`${one.goods}, ${one.destination}`}
            </option>
          ))}
        </datalist>
        <h2>{t('filing.equipment')}</h2>
        <Repeated
          list={form.equipment}
          empty={t('filing.noEquipment')}
          legend={(i) => t('filing.equipmentNumber', { number: i + 1 })}
          add={t('filing.addEquipment')}
          onAdd={() => set({ equipment: [...form.equipment, { kind: 'trailer', identification: '', seals: '' }] })}
          onRemove={(i) => set({ equipment: withoutAt(form.equipment, i) })}
        >
          {(one, i) => (
            <div class="fields">
              <SelectField
                label={t('filing.equipmentKind')}
                value={one.kind}
                onChange={(kind) => set({ equipment: replaceAt(form.equipment, i, { kind: kind as typeof one.kind }) })}
                options={['container', 'trailer', 'wagon'].map((value) => ({ value, label: word('equipment', value) }))}
              />
              <TextField
                {...bind(findings, `/equipment/${i}/identification`)}
                label={t('filing.identification')}
                value={one.identification}
                maxLength={30}
                onChange={(identification) => set({ equipment: replaceAt(form.equipment, i, { identification }) })}
              />
              <TextField
                {...bind(findings, `/equipment/${i}/seals/0`)}
                label={t('filing.seals')}
                hint={t('filing.sealsHint')}
                optional
                value={one.seals}
                maxLength={300}
                onChange={(seals) => set({ equipment: replaceAt(form.equipment, i, { seals }) })}
              />
            </div>
          )}
        </Repeated>
        <p>
          <Button type="submit" busy={busy}>
            {before === null ? t('operator.declare1') : t('operator.amendMovement')}
          </Button>
        </p>
      </form>
    </Page>
  );
}
