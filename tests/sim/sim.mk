# The simulator: production objects, with the system calls of sockets, the clock and chance replaced at link time.
# SIM=program MUTANT=file.o (tests/sim/mutants.py): another program, where the object takes the place of a member of the library.
SIMULATOR := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/sim/*.c)) $(BUILD)/tests/support/event_text.o
SIMULATED := socket connect send recv __recv_chk poll __poll_chk close getsockopt setsockopt getrandom write keys_create
SIM ?= $(BUILD)/sim
$(SIM): $(SIMULATOR) $(MUTANT) $(THREADS) $(BUILD)/libnhip.a
	@echo "  LINK $@"
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ $(SIMULATED:%=-Wl,--wrap=%) $(LIBS)
-include $(wildcard $(BUILD)/tests/sim/*.d)
tools: $(SIM)
