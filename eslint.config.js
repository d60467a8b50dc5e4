// The arrows of src/README.md, held by the linter.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const clockMessage = 'Time comes in through lib/clock.ts.';
const timers = ['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({ name, message: clockMessage }));
const processGlobal = { name: 'process', message: 'Only main.ts, world.ts and cli/ know the process.' };

const impureSyntax = [
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: clockMessage },
  { selector: 'MemberExpression[object.name="Date"][property.name="now"]', message: clockMessage },
  { selector: 'MemberExpression[object.name="performance"]', message: clockMessage },
  { selector: 'MemberExpression[object.name="Math"][property.name="random"]', message: 'Use lib/random.ts.' },
];

const azureImport = {
  group: ['azure-iot-*', 'mqtt'],
  message: 'Only azure/ imports the SDK.',
};
const brokerImport = {
  group: ['mqtt5'],
  message: 'Only the mqtt input and the publisher of messages speak to a local broker.',
};
const processImport = { group: ['node:process', 'process'], message: processGlobal.message };
const timerImport = { group: ['node:timers', 'node:timers/*', 'node:perf_hooks'], message: clockMessage };
const fileWriteNames = [
  'writeFile',
  'writeFileSync',
  'appendFile',
  'appendFileSync',
  'createWriteStream',
  'open',
  'openSync',
  'rename',
  'renameSync',
  'rm',
  'rmSync',
  'unlink',
  'unlinkSync',
  'mkdir',
  'mkdirSync',
  'copyFile',
  'truncate',
];
const fileWriteImport = {
  group: ['node:fs', 'node:fs/promises'],
  importNames: fileWriteNames,
  message: 'Files are written only through lib/atomic-file.ts.',
};
const fsDefaultImport = {
  group: ['node:fs', 'node:fs/promises'],
  importNames: ['default'],
  message: 'Import the functions by name, so that writes can be told from reads.',
};
/** @param {string[]} folders @param {string} message */
const noImport = (folders, message) => ({ group: folders.map((folder) => `**/${folder}/**`), message });

const agentOnly = noImport(['simulator', 'soak'], 'The agent never imports the simulator or the soak.');
const readOnly = [azureImport, processImport, timerImport, fsDefaultImport];
const always = [...readOnly, brokerImport, fileWriteImport];

const unawaitedOutput = {
  selector: 'CallExpression[callee.property.name="write"][callee.object.property.name="stdout"]',
  message: 'Print with cli/print.ts: what is not awaited is cut off at the end, and a full disk goes unsaid.',
};

/** Features may share types, never classes: they meet in agent.ts. */
const features = [
  'config',
  'provisioning',
  'renewal',
  'connection',
  'telemetry',
  'twin',
  'methods',
  'supervision',
  'clock-sync',
  'local-api',
  'metrics',
  'tasks',
  'uploads',
  'commands',
  'messages',
];
/** @param {string} feature */
const featureRule = (feature, files = [`src/${feature}/**/*.ts`], general = always) => ({
  files,
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          ...general,
          agentOnly,
          noImport(['azure', 'cli'], 'Features depend on ports only.'),
          {
            group: features.filter((name) => name !== feature).map((name) => `**/${name}/*.ts`),
            allowTypeImports: true,
            message: 'Features share types only; they meet in agent.ts.',
          },
        ],
      },
    ],
  },
});

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: true },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', processGlobal, ...timers],
      'no-restricted-syntax': ['error', ...impureSyntax],
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [...always, agentOnly] }],
    },
  },
  ...features.map((feature) => featureRule(feature)),
  // The queue has its own way of writing; docs/queue.md says how it stands up to a power cut.
  featureRule('telemetry', ['src/telemetry/queue/**/*.ts'], [...readOnly, brokerImport]),
  featureRule('telemetry', ['src/telemetry/inputs/mqtt*.ts'], [...readOnly, fileWriteImport]),
  featureRule('messages', ['src/messages/mqtt*.ts'], [...readOnly, fileWriteImport]),
  {
    files: ['src/lib/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [...always, { regex: '^\\.\\./', message: 'lib/ imports nothing of ours.' }] },
      ],
    },
  },
  {
    files: ['src/lib/clock.ts', 'src/lib/random.ts'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-syntax': 'off' },
  },
  {
    files: ['src/lib/event-loop-delay.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [azureImport, processImport, fileWriteImport] },
      ],
    },
  },
  {
    files: ['src/lib/atomic-file.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [azureImport, processImport] }],
    },
  },
  {
    files: ['src/azure/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [processImport, timerImport, fileWriteImport, agentOnly] },
      ],
    },
  },
  {
    files: ['src/simulator/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            ...always,
            noImport(
              ['azure', 'cli', ...features.filter((name) => name !== 'config')],
              'The simulator shares nothing with the agent but lib/.',
            ),
          ],
        },
      ],
    },
  },
  // It knows the agent and the simulator, as whoever installs them does; what it writes is evidence, not anybody's data.
  {
    files: ['src/soak/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [azureImport, processImport, timerImport, fsDefaultImport, brokerImport] },
      ],
    },
  },
  {
    files: ['src/soak/**/main.ts'],
    rules: {
      'no-restricted-globals': ['error', ...timers],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [azureImport, timerImport, fsDefaultImport, brokerImport] },
      ],
    },
  },
  {
    files: ['src/main.ts', 'src/world.ts', 'src/cli/**/*.ts', 'src/simulator/main.ts'],
    rules: {
      'no-restricted-globals': ['error', ...timers],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [azureImport, timerImport, fileWriteImport] },
      ],
    },
  },
  {
    // The kernel's own file, not one on a disk.
    files: ['src/cli/process-name.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [azureImport, timerImport] }],
    },
  },
  {
    files: ['src/main.ts', 'src/cli/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...impureSyntax, unawaitedOutput] },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'],
    rules: {
      'no-console': 'off',
      // node:test's describe and it return promises that the runner owns.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['describe', 'it', 'test'], package: 'node:test' },
          ],
        },
      ],
    },
  },
  { files: ['*.js'], ...tseslint.configs.disableTypeChecked },
);
