import type { ComponentChildren } from 'preact';
import { t } from '../languages/index.ts';

interface Look {
  readonly kind?: 'primary' | 'secondary' | 'danger' | 'quiet';
  readonly small?: boolean;
  readonly children: ComponentChildren;
}

const classes = ({ kind = 'primary', small = false }: Pick<Look, 'kind' | 'small'>): string =>
  `button ${kind === 'primary' ? '' : kind}${small ? ' small' : ''}`;

/** @param busy says that it is being done, and takes no second press */
export function Button({
  busy = false,
  disabled = false,
  type = 'button',
  onClick,
  children,
  describedBy,
  ...look
}: Look & {
  readonly busy?: boolean;
  readonly disabled?: boolean;
  readonly type?: 'button' | 'submit';
  readonly onClick?: () => void;
  readonly describedBy?: string;
}) {
  return (
    <button
      type={type}
      class={classes(look)}
      aria-disabled={busy || disabled ? 'true' : undefined}
      aria-describedby={describedBy}
      onClick={(event) => {
        // Not `disabled`: it would lose the focus.
        if (busy || disabled) event.preventDefault();
        else onClick?.();
      }}
    >
      {busy ? t('part.working') : children}
    </button>
  );
}

export function LinkButton({ to, children, ...look }: Look & { readonly to: string }) {
  return (
    <a class={classes(look)} href={to}>
      {children}
    </a>
  );
}
