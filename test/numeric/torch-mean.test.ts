import { torchMean } from '#src/numeric/torch-mean.js';

/** What torch.tensor(values).mean() makes of so many float32 numbers (torch 2.15, CPU). */
test.each([
  [5, 0.38399121165275574],
  [12, 0.5203691124916077],
  [100, 0.5029289722442627],
  [128, 0.5017737746238708],
  [1000, 0.500654935836792],
  [5000, 0.4999704658985138],
])('the mean of %d numbers is %d', (count, mean) => {
  const values = Float32Array.from({ length: count }, (_, i) => ((i * 7919 + 13) % 10007) / 10007);
  expect(torchMean(values)).toBe(mean);
});
