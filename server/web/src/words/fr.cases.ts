/** French words of the cases screens. */
export const cases = {} as const;
