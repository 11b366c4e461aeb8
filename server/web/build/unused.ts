// Stands for the parts of age-encryption that the app never reaches; see vite.config.ts.
const unused = undefined;
export { unused as MLKEM768P256, unused as MLKEM768X25519, unused as p256, unused as scrypt };
