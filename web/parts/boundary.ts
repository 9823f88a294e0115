import { Component, type ComponentChildren, h } from 'preact';

interface BoundaryProps {
  readonly children?: ComponentChildren;
}

interface BoundaryState {
  readonly trouble?: string;
}

/** Keeps what can't be drawn from taking the rest of the page with it, and says so in its place. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = {};

  static override getDerivedStateFromError(error: unknown): BoundaryState {
    return { trouble: error instanceof Error ? error.message : String(error) };
  }

  override componentDidCatch(error: unknown): void {
    console.error(error);
  }

  override render(): ComponentChildren {
    const { trouble } = this.state;
    if (trouble === undefined) return this.props.children;
    return h(
      'p',
      { class: 'trouble', role: 'alert' },
      `This part can’t be shown: ${trouble}. Load the page again.`,
    );
  }
}
