/* Only for exercise/harness.h: the names that it has for what is in tools/meet.h. */
#include "../tools/meet.h"

#define inside meeting
#define inside_enter meet_enter
#define inside_meet meet
