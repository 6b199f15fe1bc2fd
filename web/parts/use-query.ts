import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export interface Query<T> {
  readonly data: T | undefined;
  readonly problem: unknown;
  /** True while it is asked; what was there before stays shown. */
  readonly loading: boolean;
  readonly reload: () => void;
}

/**
 * Asks when the page opens, when something in `needs` changes, and on `reload`. The answer to an older question never overwrites that to a
 * newer one.
 *
 * @example const dossier = useQuery(() => api.trade.getDossier({ dossier: id }), [id]);
 */
export function useQuery<T>(ask: () => Promise<T>, needs: readonly unknown[]): Query<T> {
  const [answer, setAnswer] = useState<{ data: T | undefined; problem: unknown }>({
    data: undefined,
    problem: undefined,
  });
  const [loading, setLoading] = useState(true);
  const asked = useRef(0);
  const question = useRef(ask);
  question.current = ask;
  const reload = useCallback(() => {
    const number = ++asked.current;
    setLoading(true);
    question
      .current()
      .then(
        (data) => number === asked.current && setAnswer({ data, problem: undefined }),
        (problem: unknown) => number === asked.current && setAnswer((before) => ({ data: before.data, problem })),
      )
      .finally(() => number === asked.current && setLoading(false));
  }, []);
  useEffect(reload, needs);
  useEffect(
    () => () => {
      asked.current = -1;
    },
    [],
  );
  return { ...answer, loading, reload };
}
