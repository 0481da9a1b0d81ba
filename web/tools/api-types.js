// Makes src/api/schema.d.ts from the server's description of its API.
import { readFile, writeFile } from "node:fs/promises";
import openapi, { astToString } from "openapi-typescript";

const source = new URL("../../docs/openapi.json", import.meta.url);
const target = new URL("../src/api/schema.d.ts", import.meta.url);

const description = JSON.parse(await readFile(source, "utf8"));
for (const path of Object.values(description.paths)) {
  for (const operation of Object.values(path)) {
    // Several operations have the same id: by their ids they would be taken for one another.
    delete operation.operationId;
  }
}
const types = astToString(await openapi(description, { emptyObjectsUnknown: true }));
await writeFile(target, `// Generated from docs/openapi.json by \`npm run api\`.\n\n${types}`);
