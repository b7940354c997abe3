/** The client cannot do this by design: the case is over, which is no failure. */
export class Unsupported extends Error {}

/** The request makes no sense. */
export class BadRequest extends Error {}
