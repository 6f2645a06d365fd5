/** Words that the build puts in. */

/** The version of this package. */
declare const __APP_VERSION__: string;
