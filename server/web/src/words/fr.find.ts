/** French words of the find screens. */
export const find = {} as const;
