/** A test that tells a story: each step stands on the one before. */

/**
 * Runs steps one after the other as tests of their own. Once one has failed, those after it are skipped: they would only
 * fail for its reason.
 */
export function story(t) {
  let failed = false;
  return (name, run) =>
    t.test(name, { skip: failed ? 'a step before it failed' : false }, async () => {
      try {
        await run();
      } catch (error) {
        failed = true;
        throw error;
      }
    });
}
