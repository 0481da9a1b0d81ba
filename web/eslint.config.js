import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/schema.d.ts", "test-results", "playwright-report"] },
  js.configs.recommended,
  {
    files: ["tools/**"],
    languageOptions: { globals: { URL: "readonly", console: "readonly", process: "readonly" } },
  },
  tseslint.configs.strict,
  a11y.flatConfigs.recommended,
  hooks.configs.flat["recommended-latest"],
  {
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      // What scrolls has to take the focus, or nobody could scroll it by keyboard (axe asks for it).
      "jsx-a11y/no-noninteractive-tabindex": "off",
      // A virtualiser hands out functions that change, which is what it is for.
      "react-hooks/incompatible-library": "off",
      "jsx-a11y/label-has-associated-control": ["error", { assert: "either" }],
    },
  },
);
