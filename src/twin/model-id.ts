/** The Plug and Play model of this agent, as docs/models has it; a change that breaks it gets the next number. */
export const modelId = 'dtmi:dpsagent:Gateway;1';
