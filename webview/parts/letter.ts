/** 'A' for the first run. After 26 runs, letters begin again. */
export const letter = (place: number): string => String.fromCharCode(65 + (place % 26));
