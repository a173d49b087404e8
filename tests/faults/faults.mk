# nhip-faults: the product with its fault points (include/fault_point.h) compiled in. Only the objects that have some are compiled
# again; each takes the place of a member of the library.
FAULTY := $(shell grep -l '"fault_point.h"' $(wildcard ingest/*.c aggregate/*.c aggregate/*/*.c))
FAULTY_OBJECTS := $(FAULTY:%.c=$(BUILD)/with-faults/%.o) $(BUILD)/with-faults/tests/faults/fault_point.o
$(BUILD)/nhip-faults: $(BUILD)/aggregate/main.o $(FAULTY_OBJECTS) $(THREADS) $(BUILD)/libnhip.a
	@echo "  LINK $@"
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ $(LIBS)

$(BUILD)/with-faults/%.o: %.c
	@echo "  CC   $< (fault points)"
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -DNHIP_FAULT_POINTS -MMD -MP -c -o $@ $<
-include $(FAULTY_OBJECTS:.o=.d)
tools: $(BUILD)/nhip-faults
