import { KeyValues } from '#src/gguf/key-values.js';
import { convertedTensors, placeTensors } from '#src/layout/layout.js';
import type { TensorExpr } from '#src/tensor/expr.js';

test('a tensor of five dimensions is refused by name', () => {
  const expr: TensorExpr = { op: 'fill', dtype: 'F32', shape: [2, 1, 2, 1, 2], value: 0 };
  const tensors = convertedTensors([{ name: 'v.conv3d.weight', expr }], 'F16');
  const place = () => placeTensors({ name: 'x', type: 'F16', kv: new KeyValues(), tensors });
  expect(place).toThrow(
    expect.objectContaining({
      name: 'DimensionsError',
      exitCode: 3,
      message:
        'Tensor v.conv3d.weight has 5 dimensions, and GGUF has at most 4. ' +
        'Check that the weights are those of a model that this version converts.',
    }),
  );
});
