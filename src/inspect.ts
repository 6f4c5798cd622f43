export function inspect(): void {}
