/** Codes of the kernel `unary`. */
export const UNARY = { clamp: 1, leakyRelu: 2, sigmoid: 3, exp: 4 } as const;
