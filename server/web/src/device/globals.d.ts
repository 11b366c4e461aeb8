/** The version of the app, from package.json and the commit it was built from. */
declare const __APP_VERSION__: string;
