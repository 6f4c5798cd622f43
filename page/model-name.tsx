/** A view's heading: the model that it is about, whose own name counts most. */
export function ModelName({ source }: { readonly source: string }) {
  const [org, model] = source.split(/\/(.*)/);
  return (
    <h1 class="model" tabIndex={-1}>
      <span class="org">{org}/</span>
      <wbr />
      {model}
    </h1>
  );
}
