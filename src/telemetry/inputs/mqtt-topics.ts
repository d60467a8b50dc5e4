import type { MqttTopic } from '../../config/inputs/mqtt-input.ts';

/** What a topic says about the values published to it. */
export interface TopicNames {
  /** As the pattern makes it; whether it is a valid component name is not checked. */
  readonly component: string | undefined;
  /** What a bare number is called. */
  readonly value: string;
}

/** Reads topics by the first of the configured filters that fits. */
export class MqttTopics {
  readonly #topics: readonly (MqttTopic & { readonly form: RegExp })[];

  constructor(topics: readonly MqttTopic[]) {
    this.#topics = topics.map((topic) => ({ ...topic, form: form(topic.filter) }));
  }

  /** `undefined` for a topic that none of the filters fits. */
  namesOf(topic: string): TopicNames | undefined {
    for (const { form, component, value } of this.#topics) {
      const matched = form.exec(topic);
      if (matched === null) continue;
      return {
        component: component === undefined ? undefined : filled(component, matched),
        value: value === undefined ? lastLevel(topic) : filled(value, matched),
      };
    }
    return undefined;
  }
}

/** Each `+` and `#` of the filter becomes a group. `a/#` fits `a` too (MQTT 3.1.1, 4.7.1.2). */
function form(filter: string): RegExp {
  const levels = filter.split('/').map((level, index) => {
    const slash = index === 0 ? '' : '/';
    if (level === '+') return `${slash}([^/]*)`;
    if (level === '#') return index === 0 ? '(.*)' : '(?:/(.*))?';
    return slash + level.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${levels.join('')}$`, 's');
}

function filled(pattern: string, matched: RegExpExecArray): string {
  return pattern.replaceAll(/\{(\d+)\}/g, (_, digits: string) => matched[Number(digits)] ?? '');
}

function lastLevel(topic: string): string {
  const level = topic.slice(topic.lastIndexOf('/') + 1);
  return level === '' ? 'value' : level;
}
