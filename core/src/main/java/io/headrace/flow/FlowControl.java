package io.headrace.flow;

import io.headrace.Require;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Steers the steps of a pipeline while items pass:
 *
 * <pre>{@code
 * FlowControl control = FlowControl.create();
 * dataset.items().transform(pipeline.controlledBy(control)).subscribe(...);
 * control.concurrency("classify", 20);
 * }</pre>
 *
 * <p>Holds for all streams through the pipelines it was given to, those that begin later too. Thread-safe; methods that let items
 * go on may start them on the caller's thread.
 */
public final class FlowControl {

    private final Map<String, Integer> concurrency = new ConcurrentHashMap<>();
    private final List<Turnstile<?>> open = new CopyOnWriteArrayList<>();
    private volatile boolean paused;
    private volatile double share = 1;

    private FlowControl() {}

    public static FlowControl create() {
        return new FlowControl();
    }

    /**
     * A step now, over all its streams.
     *
     * @param concurrency most items at work at once, of one stream
     * @param working items at work
     * @param waiting items that gave their place back and wait for a limit or a retry
     * @param finished items that have their outcome, which nobody has taken yet
     */
    public record Load(String step, int concurrency, int working, int waiting, int finished) {}

    /**
     * Lets no item enter a step until {@link #resume}. Items inside a step go on to its end, and then wait before the next one. The source is not
     * asked for more.
     */
    public void pause() {
        paused = true;
        open.forEach(Turnstile::adjust);
    }

    /** Ends {@link #pause}. */
    public void resume() {
        paused = false;
        open.forEach(Turnstile::adjust);
    }

    public boolean isPaused() {
        return paused;
    }

    /**
     * Changes how many items of a step are at work at once; items that are inside stay. No gate raises it after that. The name of no step is
     * ignored.
     *
     * @throws IllegalArgumentException for less than 1
     */
    public void concurrency(String step, int concurrency) {
        this.concurrency.put(step, Window.checked(concurrency));
        open.forEach(Turnstile::adjust);
    }

    /**
     * Lets every step use only that share of its concurrency, but at least one item; at first 1, all of it. For when memory is short. Items that
     * are inside stay.
     *
     * @throws IllegalArgumentException if it is not above 0 and at most 1
     */
    public void share(double share) {
        this.share = Require.share(share, "the share");
        open.forEach(Turnstile::adjust);
    }

    /** So many of {@code places} as {@link #share} leaves. */
    int shareOf(int places) {
        return Math.max(1, (int) (places * share));
    }

    /** The steps that items pass now, in the order in which their streams began. */
    public List<Load> loads() {
        Map<String, Load> loads = new LinkedHashMap<>();
        for (Turnstile<?> turnstile : open) {
            loads.merge(
                    turnstile.step(),
                    turnstile.load(),
                    (a, b) -> new Load(
                            a.step,
                            b.concurrency,
                            a.working + b.working,
                            a.waiting + b.waiting,
                            a.finished + b.finished));
        }
        return new ArrayList<>(loads.values());
    }

    /** What the user said of a step meanwhile; null for nothing. */
    @Nullable
    Integer concurrency(String step) {
        return concurrency.get(step);
    }

    void opened(Turnstile<?> turnstile) {
        open.add(turnstile);
        turnstile.adjust();
    }

    void closed(Turnstile<?> turnstile) {
        open.remove(turnstile);
    }
}
