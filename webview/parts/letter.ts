/** 'A' for the first run; letters go round after 26. */
export const letter = (place: number): string => String.fromCharCode(65 + (place % 26));
