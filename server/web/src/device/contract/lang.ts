/** The languages of the app. */

export type Lang = 'vi' | 'en';
