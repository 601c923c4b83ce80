/** Asks one question at a time, and of those that come meanwhile the newest alone. */
export function newestOnly<Question>(ask: (question: Question) => Promise<void>): (question: Question) => void {
  let waiting: { question: Question } | undefined;
  let asking = false;
  const work = async () => {
    asking = true;
    try {
      for (let next = waiting; next; next = waiting) {
        waiting = undefined;
        await ask(next.question);
      }
    } finally {
      asking = false;
    }
  };
  return (question) => {
    waiting = { question };
    if (!asking) void work();
  };
}
