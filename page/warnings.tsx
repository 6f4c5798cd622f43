interface Warning {
  readonly what: string;
  readonly next?: string | undefined;
}

/** What is doubtful about a model, if anything. */
export function Warnings({ warnings }: { readonly warnings: readonly Warning[] }) {
  return (
    warnings.length > 0 && (
      <section class="card warning" aria-label="Warnings">
        <ul>
          {warnings.map(({ what, next }) => (
            <li key={what}>
              {what} {next}
            </li>
          ))}
        </ul>
      </section>
    )
  );
}
