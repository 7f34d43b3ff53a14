// Holds OpenAPI documents against two tools: the schema of the specification
// itself, and a linter's rules. Usage: node validate.mjs FILE…; it prints a line
// for each file, ok or not, and what is wrong before it.
import { readFile } from 'node:fs/promises'
import { Validator } from '@seriousme/openapi-schema-validator'
import redocly from '@redocly/openapi-core'

async function problems(file) {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(JSON.parse(await readFile(file, 'utf8')))
  if (!valid) {
    return [`it does not follow the specification: ${JSON.stringify(errors)}`]
  }
  if (validator.version !== '3.1') {
    return [`it is taken for version ${validator.version}`]
  }
  const config = await redocly.createConfig({ extends: ['recommended-strict'] })
  const found = await redocly.lint({ ref: file, config })
  return found.map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer})`)
}

for (const file of process.argv.slice(2)) {
  const found = await problems(file)
  for (const problem of found) {
    console.log(problem)
  }
  console.log(`${found.length === 0 ? 'ok' : 'not ok'} ${file}`)
}
