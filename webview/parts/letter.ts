/** The mark of a run: its number, which no other run has. */
export const letter = (place: number): string => String(place);
