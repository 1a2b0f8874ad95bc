/** owner/name. A part of dots alone is refused: as a folder of the cache it would be the one above. */
const HUB_ID = /^(?!\.+\/)[\w.-]{1,96}\/(?!\.+$)[\w.-]{1,96}$/;

/** Whether a text has the form of a model's id on the hub, such as HuggingFaceTB/SmolLM2-135M. */
export const isHubId = (text: string): boolean => HUB_ID.test(text);
