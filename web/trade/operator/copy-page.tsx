import { useEffect } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import type { DossierView } from '../../../trade/contract.ts';
import { api, newIdempotencyKey } from '../../api.ts';
import { saveDraft } from '../../draft.ts';
import { href, t } from '../../languages/index.ts';
import { Answer, Only, Page } from '../../parts/page.tsx';
import { Loading } from '../../parts/say.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { fromView } from '../filing/form.ts';

/** A new draft with what an earlier dossier said and this one can take over. */
export function CopyPage() {
  const { params } = useRoute();
  const dossier = params['dossier'] ?? '';
  const query = useQuery(() => api.trade.getDossier({ dossier }), [dossier]);
  return (
    <Only who="operator">
      <Page title={t('operator.copying')}>
        <Answer query={query}>{(view) => <Copying view={view} />}</Answer>
      </Page>
    </Only>
  );
}

function Copying({ view }: { readonly view: DossierView }) {
  const { route } = useLocation();
  useEffect(() => {
    const id = crypto.randomUUID();
    void saveDraft(`dossier/${id}`, fromView(view, newIdempotencyKey(), true)).finally(() =>
      route(href(`/dossiers/new/${id}`), true),
    );
  }, []);
  return <Loading />;
}
