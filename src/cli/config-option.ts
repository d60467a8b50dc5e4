/** `--config`, the same for every verb that reads the configuration. */
export const configOption = {
  type: 'string',
  default: '/etc/dps-agent/config.yaml',
  value: 'PATH',
  completes: 'file',
  help: 'the configuration',
} as const;
