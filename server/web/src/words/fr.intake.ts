/** French words of the intake screens. */
export const intake = {} as const;
