/** As systemd/dps-agent.service is called. */
export const unitName = 'dps-agent.service';
