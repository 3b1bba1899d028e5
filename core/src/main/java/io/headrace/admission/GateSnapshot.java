package io.headrace.admission;

import io.headrace.ErrorKind;
import java.time.Duration;
import java.util.List;

/**
 * A gate at one moment.
 *
 * @param gate its name
 * @param inFlight attempts admitted and not ended
 * @param waiting attempts in line, and those that wait until their budget has room for them
 * @param longestWait of those whose turn is next
 * @param binding the resource that the next attempt waits for, empty when nobody waits or the next is about to go
 * @param paused whether it admits nobody until {@link Gate#resume}
 * @param standstill why waiting is of no use, empty while it is
 * @param shared what all keys share
 * @param keys each key's own
 */
public record GateSnapshot(
        String gate,
        int inFlight,
        int waiting,
        Duration longestWait,
        String binding,
        boolean paused,
        String standstill,
        List<Level> shared,
        List<Key> keys) {

    /**
     * One key.
     *
     * @param name its name, empty for the provider's own key
     * @param gone why it left the ring, empty while it is in use
     * @param levels its resources
     */
    public record Key(String name, String gone, List<Level> levels) {

        public Key {
            levels = List.copyOf(levels);
        }

        static Key of(Seat seat, long now) {
            ApiKey key = seat.key();
            ErrorKind gone = seat.gone();
            return new Key(key == null ? "" : key.name(), gone == null ? "" : gone.label(), seat.levels(now));
        }
    }

    public GateSnapshot {
        shared = List.copyOf(shared);
        keys = List.copyOf(keys);
    }
}
