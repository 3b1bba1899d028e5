package io.headrace.provider;

/**
 * For tests of real times, such as that a server which keeps talking meets no time limit: a machine that stands still for longer than the
 * limit looks like a server that does. What is broken fails each time.
 */
public final class OneOfFive {

    /** What a test does and checks, with all that it needs made anew. */
    public interface Attempt {
        void run() throws Exception;
    }

    private OneOfFive() {}

    /** Runs {@code attempt} until it passes, at most five times. */
    public static void passes(Attempt attempt) throws Exception {
        for (int failed = 0; failed < 4; failed++) {
            try {
                attempt.run();
                return;
            } catch (Exception | AssertionError e) {
                // perhaps the machine stood still
            }
        }
        attempt.run();
    }
}
