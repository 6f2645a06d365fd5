/** French words of the arrival screens. */
export const arrival = {} as const;
