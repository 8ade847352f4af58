// Run with the web console's Vitest: vitest run --root tests/parity. Nothing is imported from it, so that this folder
// needs no packages of its own.
export default { test: { globals: true, include: ["*.test.ts"] } };
