package io.headrace.layer;

import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps the events it hears. */
final class Recorder implements CallListener {

    final List<CallEvent> events = new CopyOnWriteArrayList<>();

    /** The names of the events, and what a test adds between them. */
    final List<String> notes = new CopyOnWriteArrayList<>();

    @Override
    public void on(CallEvent event) {
        events.add(event);
        notes.add(event.getClass().getSimpleName());
    }

    /** The simple names of the events, in order. */
    List<String> names() {
        return events.stream().map(e -> e.getClass().getSimpleName()).toList();
    }

    <E extends CallEvent> List<E> of(Class<E> type) {
        return events.stream().filter(type::isInstance).map(type::cast).toList();
    }

    /** Throws at every event. */
    static CallListener broken() {
        return event -> {
            throw new IllegalStateException("broken listener");
        };
    }
}
