#ifndef CAUDITSCAN_H
#define CAUDITSCAN_H
#endif
